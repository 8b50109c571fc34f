-- The unified table: one row per transaction, with what is known of its customer, branch and merchant.
-- Input: the canonical tables, and study (one row: as_of). Transactions after as_of are invisible.
SELECT
    t.transaction_id,
    t.customer_id,
    t.transaction_date,
    t.transaction_status,
    t.coupon_name,
    t.burn_date,
    t.amount,
    c.join_date,
    g.gender_name,
    y.city_name,
    t.branch_id,
    m.merchant_name
FROM transactions AS t
CROSS JOIN study AS s
INNER JOIN customers AS c ON c.customer_id = t.customer_id
LEFT JOIN genders AS g ON g.gender_id = c.gender_id
LEFT JOIN cities AS y ON y.city_id = c.city_id
LEFT JOIN branches AS b ON b.branch_id = t.branch_id
LEFT JOIN merchants AS m ON m.merchant_id = b.merchant_id
WHERE t.transaction_date <= s.as_of
ORDER BY t.transaction_date, t.transaction_id
