-- What every customer did by the day as_of: one row per customer with at least one transaction.
-- Input: the canonical tables, and study, which has one row: as_of; burn_window_days (the age from which on a coupon is
-- old enough to judge); burns_dated (are days of burning recorded?).
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
        -- old enough to judge: younger coupons may still be burned, so they do not count; null without a status
        CASE
            WHEN t.transaction_status IS NOT NULL
                THEN date_diff('day', t.transaction_date, s.as_of) >= s.burn_window_days
        END AS decided
    FROM transactions AS t
    CROSS JOIN study AS s
    LEFT JOIN branches AS b ON b.branch_id = t.branch_id
    WHERE t.transaction_date <= s.as_of
)

-- counts and sums of whole numbers: no engine rounds them differently
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
