"""Loads a result in pandas and in polars, as simulations/README.md shows, and checks both against its summary."""

import json
import sys

import pandas as pd
import polars as pl
import pyarrow.parquet as pq

result = sys.argv[1]

# The summary: one row for each seed.
summary = json.load(open(f"{result}/summary.json"))
seeds = pd.DataFrame.from_dict(summary["by_seed"], orient="index")
assert list(seeds.index) == ["1", "2"]
ratio = summary["over_seeds"]["delivery_ratio"]
assert ratio["low"] <= seeds["delivery_ratio"].mean() <= ratio["high"]

# pandas: one table of one seed.
deliveries = pd.read_parquet(f"{result}/seed-1/deliveries.parquet")
delay = pd.to_timedelta(deliveries["delay_us"], unit="us")
assert len(deliveries) == seeds.loc["1", "delivered"]
assert abs(delay.mean().total_seconds() - seeds.loc["1", "delay_mean_s"]) < 1e-5

# polars: one table of all seeds, each row with its seed.
contacts = pl.scan_parquet(f"{result}/seed-*/contacts.parquet", include_file_paths="path").with_columns(
    seed=pl.col("path").str.extract(r"seed-(\d+)").cast(pl.Int64)
)
counts = contacts.group_by("seed").len().sort("seed").collect()
assert counts["seed"].to_list() == [1, 2]
assert counts["len"].to_list() == [int(count) for count in seeds["contacts"]]

# Every table loads in both, with the same rows.
tables = ["contacts", "sessions", "messages", "bundles", "transfers", "deliveries", "drops", "samples"]
for table in tables:
    path = f"{result}/seed-1/{table}.parquet"
    pandas, polars = pd.read_parquet(path), pl.read_parquet(path)
    assert list(pandas.columns) == polars.columns and len(pandas) == len(polars), table
    print(f"{table}: {len(pandas)} rows, {', '.join(pandas.columns)}")

# What a file is of.
metadata = pq.read_schema(f"{result}/seed-1/drops.parquet").metadata
assert metadata[b"hedgerow.seed"] == b"1"
assert metadata[b"hedgerow.scenario_hash"].decode() == summary["identity"]["scenario_hash"]
reasons = pd.read_parquet(f"{result}/seed-1/drops.parquet")["reason"].value_counts()
assert reasons["full"] == seeds.loc["1", "drops_full"]
print("pandas", pd.__version__, "and polars", pl.__version__, "agree with the summary")
