"""Every table of every feature: each feature's store adds its own to the database's when it is imported.

Whoever opens the whole database imports this. The broker asks for nothing but who may speak, and starts without it.
"""

import cloud.billing.accounts_store
import cloud.billing.explained_store
import cloud.billing.history_store
import cloud.billing.outlook_store
import cloud.billing.weather_store
import cloud.cis.store
import cloud.customers.consent_store
import cloud.customers.household_store
import cloud.customers.preference_store
import cloud.customers.store
import cloud.edge.store
import cloud.grid.store
import cloud.ingest.alarms
import cloud.ingest.claims
import cloud.ingest.holes
import cloud.ingest.quarantine
import cloud.ingest.store
import cloud.messaging.store
import cloud.outages.answers
import cloud.outages.area_store
import cloud.outages.store
import cloud.outward.store
import cloud.readings.store  # noqa: F401 - imported for its tables, like those above
