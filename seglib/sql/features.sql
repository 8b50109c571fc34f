-- What describes each customer on the day as_of: one row per customer with at least one transaction.
-- Input: the canonical tables; counts, the rows of counts.sql; and study, which has one row: as_of; burns_dated; and for
-- the burn rate and the days to burn the mean of all customers and the reliability, by which small counts are shrunk.
-- Both are fitted to counts before this statement runs (seglib/features/counts.py).
WITH observed AS (
    SELECT
        n.*,
        c.gender_id,
        c.city_id,
        -- a customer is observed from joining, or from the first coupon where that is earlier or no date is known
        date_diff('day', CASE WHEN c.join_date < n.first_date THEN c.join_date ELSE n.first_date END, s.as_of)
            AS tenure_days,
        date_diff('day', n.last_date, s.as_of) AS recency_days,
        CASE WHEN n.n_matured IS NOT NULL AND s.burns_dated THEN coalesce(n.lag_sum, 0) END AS lag_days
    FROM counts AS n
    CROSS JOIN study AS s
    INNER JOIN customers AS c ON c.customer_id = n.customer_id
),

exposed AS (
    -- newcomers are given one month: three coupons on the first day are not ninety per month
    SELECT *, greatest(CAST(tenure_days AS DOUBLE) / (365.25 / 12), 1.0) AS months_observed
    FROM observed
)

SELECT
    o.customer_id,
    o.n_coupons / o.months_observed AS coupons_per_month,
    -- small counts lie: the customer's own record is mixed with the mean of all customers, and the more customers differ
    -- (the reliability), the more the own record counts
    CASE
        WHEN o.n_matured IS NOT NULL
            THEN ((1 - s.burn_reliability) * s.burn_mean + s.burn_reliability * o.n_matured_burned)
                / ((1 - s.burn_reliability) + s.burn_reliability * o.n_matured)
    END AS burn_rate,
    CASE
        WHEN o.n_matured_burned = 0 THEN s.lag_mean
        WHEN o.lag_days IS NOT NULL
            THEN ((1 - s.lag_reliability) * s.lag_mean + s.lag_reliability * o.lag_days)
                / ((1 - s.lag_reliability) + s.lag_reliability * o.n_matured_burned)
    END AS days_to_burn,
    CASE WHEN o.n_matured > 0 AND o.n_matured_burned = 0 THEN 1 WHEN o.n_matured > 0 THEN 0 END AS never_burned,
    o.recency_days,
    CAST(o.spend AS DOUBLE) / o.months_observed AS spend_per_month,
    g.gender_name,
    y.city_name,
    o.n_coupons,
    o.n_burned,
    -- a shop that records no branches has not 0 of them
    CASE WHEN max(o.n_branches) OVER () > 0 THEN o.n_branches END AS n_branches,
    CASE WHEN max(o.n_merchants) OVER () > 0 THEN o.n_merchants END AS n_merchants,
    o.tenure_days,
    o.n_matured,
    o.n_matured_burned,
    o.lag_days,
    CAST(o.spend AS DOUBLE) AS spend,
    o.months_observed
FROM exposed AS o
CROSS JOIN study AS s
LEFT JOIN genders AS g ON g.gender_id = o.gender_id
LEFT JOIN cities AS y ON y.city_id = o.city_id
ORDER BY length(o.customer_id), o.customer_id
