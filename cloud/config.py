"""All settings of the cloud: each feature's own, put together; what `cloud.toml` may say is exactly this."""

from dataclasses import dataclass

from cloud.assistance.settings import AssistanceSettings
from cloud.billing.settings import BillSettings
from cloud.broker.settings import BrokerSettings, MqttSettings
from cloud.ingest.settings import IngestSettings
from cloud.messaging.settings import MailSettings
from cloud.outages.settings import OutageSettings
from cloud.outward.settings import OutwardSettings
from cloud.readings.settings import ReadingSettings
from cloud.web.settings import WebSettings
from runtime.logs import LEVELS
from runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What goes to standard error."""

    level: str = setting("info", help="how much is logged", choices=LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """The whole of cloud.toml."""

    mqtt: MqttSettings
    broker: BrokerSettings
    ingest: IngestSettings
    web: WebSettings
    outages: OutageSettings
    mail: MailSettings
    readings: ReadingSettings
    billing: BillSettings
    assistance: AssistanceSettings
    outward: OutwardSettings
    log: LogSettings

    def check(self) -> None:
        """Raise SettingsError for settings that are each allowed and together are not."""
        self.mqtt.check()
        self.broker.check(is_tls_our_own=self.mqtt.is_by_certificate)
        self.web.check()
        self.readings.check()
        self.assistance.check()
        self.outward.check()
