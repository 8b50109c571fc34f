"""What the place of a customer is, by what the source calls it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seglib.ingest.mapping.model import ShopMapping

PLACES: dict[str, str] = {
    "country": "country countries nation land pays pais país paese ülke kraj land country_code",
    "region": "region regions régión région region_name regione bundesland governorate",
    "state": "state states estado staat",
    "province": "province provinces provincia provincie",
    "county": "county counties",
    "district": "district districts bezirk",
    "postcode": "zip zipcode postcode postal plz",
}
"""Words in the name of a column, by what it holds; any other is a city."""


def place_of(mapping: ShopMapping) -> str:
    """Return what the place of a customer is: "country", where the mapping takes it from a column Country."""
    of_customers = mapping.table("customers").columns.get("city_id")
    of_cities = mapping.table("cities")
    origins = [of_customers, of_cities.columns.get("city_name"), of_cities.columns.get("city_id")]
    names = [column for origin in origins if origin for column in origin.columns]
    return place_in([*names, *of_cities.sources])


def place_in(names: Sequence[str]) -> str:
    """Return what the first name that says it calls a place.

    Examples
    --------
    >>> place_in(["Ship to Country"]), place_in(["CountryCode"]), place_in(["Stadt"]), place_in(["town", "Region"])
    ('country', 'country', 'city', 'region')
    """
    for name in names:
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
        words = {*re.findall(r"[^\W\d_]+", spaced.casefold())}
        for place, spellings in PLACES.items():
            if words & {*spellings.split()}:
                return place
    return "city"
