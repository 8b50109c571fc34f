-- The tables of Complete Journey in canonical form; $name stands for the file name.parquet of the package.
-- Times are stored as UTC without a zone. A day is a day at the shop, in New York, on every machine.

-- name: branches
-- Every store with a basket. Which merchant runs it is not known.
SELECT CAST(store_id AS VARCHAR) AS branch_id
FROM read_parquet($transactions)
GROUP BY store_id
ORDER BY store_id;

-- name: customers
-- Every household with a basket: the day of the first one, what the demographics say, and what it spent.
WITH household AS (
    SELECT
        household_id,
        CAST(min(transaction_timestamp) AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE) AS first_day,
        -- summed as decimals: the sum must not depend on the order of the rows
        sum(CAST(sales_value AS DECIMAL(18, 2))) AS spend
    FROM read_parquet($transactions)
    GROUP BY household_id
)

SELECT
    CAST(h.household_id AS VARCHAR) AS customer_id,
    h.first_day AS join_date,
    d.age,
    d.income,
    d.home_ownership,
    d.marital_status,
    d.household_size,
    d.household_comp,
    d.kids_count,
    CAST(h.spend AS DOUBLE) AS spend_2017
FROM household AS h
LEFT JOIN read_parquet($demographics) AS d ON d.household_id = h.household_id
ORDER BY h.household_id;

-- name: transactions
-- Every campaign sent to a household. Redemptions alone would have no denominator: who was sent which single coupon of
-- a campaign is not known. There is no amount: no table says what was bought because of a coupon.
WITH burned AS (
    SELECT
        household_id,
        campaign_id,
        CAST(min(redemption_date) AS DATE) AS burn_date
    FROM read_parquet($coupon_redemptions)
    GROUP BY household_id, campaign_id
),

basket AS (
    SELECT
        household_id,
        basket_id,
        store_id,
        CAST(transaction_timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE) AS day,
        sum(CAST(coupon_disc AS DECIMAL(18, 2))) AS coupon_discount,
        sum(CAST(sales_value AS DECIMAL(18, 2))) AS spend
    FROM read_parquet($transactions)
    WHERE household_id IN (SELECT household_id FROM burned)
    GROUP BY household_id, basket_id, store_id, transaction_timestamp
),

-- A redemption does not name its store: the basket of that day with the largest coupon discount does. Some discounts
-- are not in the baskets; then the dearest basket decides, and at last the earlier id.
store AS (
    SELECT
        b.household_id,
        b.campaign_id,
        k.store_id
    FROM burned AS b
    INNER JOIN basket AS k ON k.household_id = b.household_id AND k.day = b.burn_date
    QUALIFY row_number() OVER (
        PARTITION BY b.household_id, b.campaign_id
        ORDER BY k.coupon_discount DESC, k.spend DESC, k.basket_id
    ) = 1
)

SELECT
    concat(c.household_id, '-', c.campaign_id) AS transaction_id,
    CAST(c.household_id AS VARCHAR) AS customer_id,
    CAST(d.start_date AS DATE) AS transaction_date,
    CASE WHEN b.burn_date IS NULL THEN 'subscribed' ELSE 'burned' END AS transaction_status,
    concat('Campaign ', c.campaign_id, ', ', d.campaign_type) AS coupon_name,
    b.burn_date,
    CAST(s.store_id AS VARCHAR) AS branch_id
FROM read_parquet($campaigns) AS c
INNER JOIN read_parquet($campaign_descriptions) AS d ON d.campaign_id = c.campaign_id
LEFT JOIN burned AS b ON b.household_id = c.household_id AND b.campaign_id = c.campaign_id
LEFT JOIN store AS s ON s.household_id = c.household_id AND s.campaign_id = c.campaign_id
ORDER BY c.household_id, c.campaign_id;

-- name: facts
-- One row of counts: what a reader should know before trusting the tables above.
WITH basket AS (
    SELECT DISTINCT
        household_id,
        CAST(transaction_timestamp AS DATE) AS utc_day,
        CAST(transaction_timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE) AS day
    FROM read_parquet($transactions)
),

period AS (
    SELECT
        min(day) AS first_day,
        max(day) AS last_day
    FROM basket
),

household AS (
    SELECT
        household_id,
        min(day) AS first_day
    FROM basket
    GROUP BY household_id
),

redemption AS (
    SELECT
        household_id,
        campaign_id,
        CAST(redemption_date AS DATE) AS day
    FROM read_parquet($coupon_redemptions)
),

offer AS (
    SELECT
        c.campaign_id,
        d.start_date < p.first_day AS began_before,
        d.end_date > p.last_day AS ends_after
    FROM read_parquet($campaigns) AS c
    INNER JOIN read_parquet($campaign_descriptions) AS d ON d.campaign_id = c.campaign_id
    CROSS JOIN period AS p
)

SELECT
    (SELECT first_day FROM period) AS first_day,
    (SELECT last_day FROM period) AS last_day,
    (SELECT count(*) FROM household) AS households,
    (
        SELECT count(*) FROM household AS h CROSS JOIN period AS p
        WHERE date_diff('day', p.first_day, h.first_day) < 31
    ) AS households_seen_early,
    (SELECT count(*) FROM read_parquet($demographics)) AS households_described,
    (SELECT count(*) FROM offer) AS offers,
    (SELECT count(DISTINCT campaign_id) FROM offer) AS campaigns,
    (SELECT count(DISTINCT campaign_id) FROM offer WHERE began_before) AS campaigns_cut_left,
    (SELECT count(*) FROM offer WHERE began_before) AS offers_cut_left,
    (SELECT count(DISTINCT campaign_id) FROM offer WHERE ends_after) AS campaigns_cut_right,
    (SELECT count(*) FROM offer WHERE ends_after) AS offers_cut_right,
    (SELECT count(DISTINCT (household_id, campaign_id)) FROM redemption) AS burned,
    (SELECT count(*) FROM redemption) AS redemptions,
    (
        SELECT count(*) FROM redemption WHERE (household_id, day) IN (SELECT (household_id, utc_day) FROM basket)
    ) AS redemptions_on_utc_basket_day,
    (
        SELECT count(*) FROM redemption WHERE (household_id, day) IN (SELECT (household_id, day) FROM basket)
    ) AS redemptions_on_basket_day;
