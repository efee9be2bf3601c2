{#-
  Create the table macro as_of(known_on): the observations as they were known on a date. It is made beside the view that
  it reads, and like marts.compare it names relations without their database, so that it works in any copy of the file.
-#}
{% macro create_as_of() %}
create or replace macro {{ this.schema }}.as_of(known_on) as table
select known.*
from {{ this.include(database=false) }} as known
where
    known.known_from <= cast(known_on as date)
    and (known.known_until is null or known.known_until > cast(known_on as date));
comment on macro table {{ this.schema }}.as_of is {{ duckdb_escape_comment(
    'One row a series and period: the observation as it was known on the date.'
) }}
{% endmacro %}
