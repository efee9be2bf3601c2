-- What: every view that advantage_view plans is there.
-- Why: people who work on one advantage open these views by name; a missing one is a broken bookmark.
-- How to fix: run advantage_view again; its hooks in macros/advantage_view.sql make the views from its rows.
select plan.view_name
from {{ ref('advantage_view') }} as plan
left join information_schema.tables as made
    on
        plan.view_name = made.table_name
        and made.table_schema = 'marts'
        and made.table_type = 'VIEW'
where made.table_name is null
