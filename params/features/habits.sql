/*
recent_share:
  unit: share
  meaning: share of coupons claimed in the last year
  words: [active, lapsed]
weekend_share:
  unit: share
  meaning: share of coupons claimed on a Saturday or Sunday
  words: [weekend, weekday]
*/
-- one row per customer; later than on the day as_of there is no coupon here
SELECT
    t.customer_id,
    avg(CASE WHEN date_diff('day', t.transaction_date, s.as_of) < 365 THEN 1.0 ELSE 0.0 END) AS recent_share,
    avg(CASE WHEN dayofweek(t.transaction_date) IN (0, 6) THEN 1.0 ELSE 0.0 END) AS weekend_share
FROM transactions AS t
CROSS JOIN study AS s
GROUP BY t.customer_id
