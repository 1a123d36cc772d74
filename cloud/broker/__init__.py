"""The MQTT broker between gateways and cloud: mosquitto where it is installed, else one inside this program."""
