{#- Binary arithmetic on decimals leaves noise in the 15th digit (2.38 - 2.9); no report prints nine decimals. -#}
{% macro without_float_noise(number) -%}
    round({{ number }}, 9)
{%- endmacro %}

{#- Round half away from zero, as people round. The noise goes first: a half that became 0.4999… is still a half. -#}
{% macro round_half_away(number, decimals) -%}
    sign({{ number }})
    * floor({{ without_float_noise('abs(' ~ number ~ ') * power(10, ' ~ decimals ~ ')') }} + 0.5)
    / power(10, {{ decimals }})
{%- endmacro %}

{#- How many decimals are printed; the comma is the Latvian decimal point. -#}
{% macro printed_decimals(text) -%}
    cast(length(regexp_extract({{ text }}, '[.,]([0-9]+)', 1)) as integer)
{%- endmacro %}

{#- A share that nobody printed, as a text beside others: rounded, with its unit. -#}
{% macro share_as_text(share) -%}
    cast({{ round_half_away(share, policy('computed_share_decimals')) }} as varchar) || ' %'
{%- endmacro %}
