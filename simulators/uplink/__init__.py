"""The lines between gateways and their broker: cut, muted, or losing and doubling what is published.

    packets   a stream of bytes to MQTT packets, as much of them as is needed here
    mischief  what befalls the packets of one connection
    relay     the lines: ports on loopback that lead to the broker's

All but `relay` is free of I/O; `simulators.commands.uplink` gives it a control socket.
"""
