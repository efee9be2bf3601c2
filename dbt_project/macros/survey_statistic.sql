{#-
  Statistics of survey shares. Shares are percentages (0–100), sizes are counts. docs/surveys.md says why it is these.
-#}

{#-
  1/n*, the inverse of the effective sample size n* = n(N−1)/(N−n): a sample from a group of N people errs less than one
  from an endless group. As an inverse it needs no infinity: where the whole group answered (n = N) it is 0. Without a
  known N, or with one that is smaller than n and so cannot be true, it is 1/n. Without respondents it is NULL.
-#}
{% macro inverse_effective_size(respondents, population) -%}
    case
        when coalesce({{ respondents }}, 0) <= 0 then cast(null as double)
        when {{ population }} = {{ respondents }} then 0.0
        when {{ population }} > {{ respondents }}
            then
                cast({{ population }} - {{ respondents }} as double)
                / ({{ respondents }} * cast({{ population }} - 1 as double))
        else 1.0 / {{ respondents }}
    end
{%- endmacro %}

{#- How the interval of a share was made: a code of seed interval_method. -#}
{% macro interval_method(share, respondents, population) -%}
    case
        when {{ share }} is null or coalesce({{ respondents }}, 0) <= 0 then cast(null as varchar)
        when {{ population }} = {{ respondents }} then 'census'
        when {{ population }} > {{ respondents }} then 'wilson_finite'
        else 'wilson'
    end
{%- endmacro %}

{#-
  One end of the Wilson score interval of a share (E. B. Wilson, 1927), in percent: `side` is + or -, `inverse_size`
  comes from inverse_effective_size. It stays within 0 and 100; with an inverse size of 0 it is the share itself.
-#}
{% macro wilson_bound(share, inverse_size, side) -%}
    {%- set p = share ~ ' / 100' -%}
    {%- set z = policy('confidence_level_z') -%}
    {%- set bound -%}
        100 * (
            {{ p }} + power({{ z }}, 2) * {{ inverse_size }} / 2
            {{ side }} {{ z }} * sqrt(
                {{ p }} * (1 - {{ p }}) * {{ inverse_size }} + power({{ z }} * {{ inverse_size }}, 2) / 4
            )
        ) / (1 + power({{ z }}, 2) * {{ inverse_size }})
    {%- endset -%}
    {#- The addition makes a 0 of what rounding left as -0. -#}
    {{ without_float_noise(bound) }} + 0.0
{%- endmacro %}

{#-
  One end of the interval of the change between two shares: Newcombe's hybrid score interval (R. G. Newcombe, 1998,
  method 10), made from the Wilson intervals of both. `earlier` and `later` are prefixes of three columns each: _share,
  _ci_low, _ci_high. `rounding` is half a unit of the last printed digit of both shares together: by so much more may
  the true change differ. In percentage points, within −100 and 100.
-#}
{% macro newcombe_bound(earlier, later, rounding, side) -%}
    {%- if side == '+' -%}
        {%- set later_end, earlier_end, limit = '_ci_high', '_ci_low', 'least(100, ' -%}
    {%- else -%}
        {%- set later_end, earlier_end, limit = '_ci_low', '_ci_high', 'greatest(-100, ' -%}
    {%- endif -%}
    {%- set bound -%}
        {{ later }}_share - {{ earlier }}_share {{ side }} {{ rounding }}
        {{ side }} sqrt(
            power({{ later }}_share - {{ later }}{{ later_end }}, 2)
            + power({{ earlier }}_share - {{ earlier }}{{ earlier_end }}, 2)
        )
    {%- endset -%}
    {#- least() and greatest() pass over what is NULL. -#}
    case when {{ earlier }}_ci_low is not null and {{ later }}_ci_low is not null
        then {{ without_float_noise(limit ~ bound ~ ')') }}
    end
{%- endmacro %}

{#-
  Two-sided p-value of a standard normal deviate, erfc(|z| / √2). No engine that we know has erfc: this is the Chebyshev
  fit of W. H. Press et al., Numerical Recipes, 6.2, with a relative error below 1.2e-7 everywhere.
-#}
{% macro two_sided_p_value(z) -%}
    {%- set x = '(abs(' ~ z ~ ') / sqrt(2))' -%}
    {%- set t = '(1 / (1 + ' ~ x ~ ' / 2))' -%}
    {%- set fit = namespace(polynomial='0.17087277') -%}
    {%- for coefficient in [
        -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223
    ] -%}
        {%- set fit.polynomial = '(' ~ coefficient ~ ' + ' ~ t ~ ' * ' ~ fit.polynomial ~ ')' -%}
    {%- endfor -%}
    {#- least() of nothing and 1 would be 1. -#}
    case
        when {{ z }} is not null
            then {{ without_float_noise('least(1, ' ~ t ~ ' * exp(-power(' ~ x ~ ', 2) + ' ~ fit.polynomial ~ '))') }}
    end
{%- endmacro %}

{#- Half a unit of the last printed digit; 0 for a share that was computed, not printed. -#}
{% macro half_a_printed_unit(share_text) -%}
    case when {{ share_text }} is null then 0 else power(10, -{{ printed_decimals(share_text) }}) / 2 end
{%- endmacro %}
