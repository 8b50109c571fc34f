-- What describes each customer on the day as_of: one row a customer with at least one transaction.
-- Input: the canonical tables, and study, which has one row: as_of; burn_window_days; burns_dated (are days of burning
-- recorded?); and for the burn rate and the days to burn the mean of all customers and the reliability, by which small
-- counts are shrunk. Both are fitted from counts, see features.py.
-- What the shop does not record stays NULL: without a status nothing is known of burning, which is not 0 burned.
WITH coupon AS (
    SELECT
        t.customer_id,
        t.transaction_date,
        t.branch_id,
        b.merchant_id,
        -- amounts are summed as decimals: the sum must not depend on the order of the rows
        CAST(t.amount AS DECIMAL(18, 4)) AS amount,
        -- burned on the day as_of; a later burn could not be known, and one without a date counts as recorded
        t.transaction_status = 'burned' AND (t.burn_date IS NULL OR t.burn_date <= s.as_of) AS burned,
        CASE WHEN s.burns_dated THEN date_diff('day', t.transaction_date, t.burn_date) END AS lag_days,
        -- old enough for its fate to be decided: younger coupons may still be burned, so they do not count
        CASE
            WHEN t.transaction_status IS NOT NULL
                THEN date_diff('day', t.transaction_date, s.as_of) >= s.burn_window_days
        END AS decided
    FROM transactions AS t
    CROSS JOIN study AS s
    LEFT JOIN branches AS b ON b.branch_id = t.branch_id
    WHERE t.transaction_date <= s.as_of
),

-- counts and sums of whole numbers: no engine rounds them differently
counts AS (
    SELECT
        customer_id,
        count(*) AS n_coupons,
        sum(CASE WHEN burned THEN 1 WHEN decided IS NOT NULL THEN 0 END) AS n_burned,
        sum(CASE WHEN decided THEN 1 WHEN decided IS NOT NULL THEN 0 END) AS n_matured,
        sum(CASE WHEN decided AND burned THEN 1 WHEN decided IS NOT NULL THEN 0 END) AS n_matured_burned,
        sum(CASE WHEN decided AND burned THEN lag_days END) AS lag_sum,
        sum(CASE WHEN decided AND burned THEN lag_days * lag_days END) AS lag_sumsq,
        count(DISTINCT branch_id) AS n_branches,
        count(DISTINCT merchant_id) AS n_merchants,
        sum(amount) AS spend,
        min(transaction_date) AS first_date,
        max(transaction_date) AS last_date
    FROM coupon
    GROUP BY customer_id
),

observed AS (
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
    -- newcomers are given one month: three coupons on the first day are not ninety a month
    SELECT *, greatest(CAST(tenure_days AS DOUBLE) / (365.25 / 12), 1.0) AS months_observed
    FROM observed
)

SELECT
    o.customer_id,
    o.n_coupons / o.months_observed AS coupons_per_month,
    -- small counts lie: what a customer did, mixed with what customers do, by as much as customers differ
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
