{#- A value taken over a break: times the factor of a ratio, or plus the difference. -#}
{% macro bridged_value(value, bridge_code, factor) -%}
    case {{ bridge_code }}
        when 'ratio' then {{ without_float_noise(value ~ ' * ' ~ factor) }}
        when 'difference' then {{ without_float_noise(value ~ ' + ' ~ factor) }}
    end
{%- endmacro %}
