"""The functions that the model drives read their settings when they are imported."""

import os

os.environ.setdefault("EARSHOT_TABLE", "earshot")
os.environ.setdefault("EARSHOT_DELIVERIES_QUEUE_URL", "deliveries")
os.environ.setdefault("EARSHOT_ASIDE_QUEUE_URL", "aside")
