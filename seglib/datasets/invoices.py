"""A sample shop as a cash register would export it: one flat file of invoice lines, no coupons, no customer table.

It exists for the worked example of a mapping file (``params/mappings/invoices.yaml``): what such exports get wrong,
this one does too. Some invoices are cancellations, numbered with a C; some lines belong to nobody.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COUNTRIES = ("Ireland", "United Kingdom", "France", "Germany", "Norway")
CANCELLED, NOBODY = 0.03, 0.12
"""Share of invoices that are cancelled later, and of invoices without a customer."""


def invoice_lines(tables: dict[str, pd.DataFrame], *, seed: int = 7) -> pd.DataFrame:
    """Write the transactions of a generated shop as invoice lines.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        `seglib.datasets.shop.SampleShop.tables`.
    seed : int
        Same shop and seed, same lines.

    Returns
    -------
    pandas.DataFrame
        One row a line, in the order of the invoices: Invoice, Date (``13/07/2025 14:05``), Customer, Country,
        Product, Quantity, Unit price.
    """
    rng = np.random.default_rng(seed)
    sold = tables["transactions"].sort_values(["transaction_date", "transaction_id"], ignore_index=True)
    n = len(sold)
    invoice = (536_000 + np.arange(n)).astype(str)
    back = rng.choice(n, size=round(CANCELLED * n), replace=False)
    of = np.concatenate([np.repeat(np.arange(n), rng.integers(1, 5, n)), back])  # which sale a line belongs to
    cancelled = np.arange(len(of)) >= len(of) - len(back)
    minute = rng.integers(9 * 60, 20 * 60, n)
    moment = sold["transaction_date"].to_numpy("datetime64[m]")[of] + minute[of] + np.where(cancelled, 60 * 24 * 3, 0)
    customer = sold["customer_id"].astype("Int64").where(rng.random(n) >= NOBODY)
    country = pd.Series(rng.choice(COUNTRIES, p=(0.1, 0.5, 0.15, 0.15, 0.1), size=int(sold["customer_id"].max()) + 1))
    quantity = rng.integers(1, 13, len(of))
    lines = pd.DataFrame(
        {
            "Invoice": np.where(cancelled, "C", "") + pd.Series(invoice[of]),
            "Date": pd.Series(moment).dt.strftime("%d/%m/%Y %H:%M"),
            "Customer": customer.take(of).reset_index(drop=True),
            "Country": country.to_numpy()[sold["customer_id"].to_numpy()[of]],
            "Product": np.char.add("P", rng.integers(100, 160, len(of)).astype(str)),
            "Quantity": np.where(cancelled, -quantity, quantity),
            "Unit price": rng.choice([0.85, 1.25, 2.10, 3.75, 4.95, 12.50], len(of)),
        }
    )
    return lines.iloc[np.argsort(moment, kind="stable")].reset_index(drop=True)
