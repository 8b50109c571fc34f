-- What is known of each customer on the day as_of: one row a customer with at least one transaction.
-- Input: the canonical tables, and study (one row: as_of, burn_window_days).
-- Counts and sums only, so that every engine gives the same values; rates are made from them in features.py.
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
        date_diff('day', t.transaction_date, t.burn_date) AS lag_days,
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

behaviour AS (
    SELECT
        customer_id,
        count(*) AS n_coupons,
        sum(CAST(burned AS INTEGER)) AS n_burned,
        sum(CAST(decided AS INTEGER)) AS n_decided,
        sum(CAST(decided AND burned AS INTEGER)) AS n_decided_burned,
        sum(CASE WHEN decided AND burned THEN lag_days WHEN decided IS NOT NULL THEN 0 END) AS lag_days_sum,
        sum(CASE WHEN decided AND burned THEN lag_days * lag_days WHEN decided IS NOT NULL THEN 0 END)
            AS lag_days_sumsq,
        count(DISTINCT branch_id) AS n_branches,
        count(DISTINCT merchant_id) AS n_merchants,
        sum(amount) AS spend,
        min(transaction_date) AS first_date,
        max(transaction_date) AS last_date
    FROM coupon
    GROUP BY customer_id
)

SELECT
    h.customer_id,
    g.gender_name,
    y.city_name,
    h.n_coupons,
    h.n_burned,
    h.n_decided,
    h.n_decided_burned,
    h.lag_days_sum,
    h.lag_days_sumsq,
    h.n_branches,
    h.n_merchants,
    CAST(h.spend AS DOUBLE) AS spend,
    date_diff('day', h.last_date, s.as_of) AS recency_days,
    -- exposure starts with the join date, or with the first coupon where that is earlier or no date is known
    date_diff('day', CASE WHEN c.join_date < h.first_date THEN c.join_date ELSE h.first_date END, s.as_of)
        AS tenure_days
FROM behaviour AS h
CROSS JOIN study AS s
INNER JOIN customers AS c ON c.customer_id = h.customer_id
LEFT JOIN genders AS g ON g.gender_id = c.gender_id
LEFT JOIN cities AS y ON y.city_id = c.city_id
ORDER BY length(h.customer_id), h.customer_id
