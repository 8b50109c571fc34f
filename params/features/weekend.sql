/*
weekend_share:
  unit: share
  meaning: share of coupons claimed on a Saturday or Sunday
  words: [weekend, weekday]
*/
SELECT
    t.customer_id,
    avg(CASE WHEN dayofweek(t.transaction_date) IN (0, 6) THEN 1.0 ELSE 0.0 END) AS weekend_share
FROM transactions AS t
GROUP BY t.customer_id
