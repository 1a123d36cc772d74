"""The supply probe beside a gateway, as its link shows it.

    frames   version 1 of the probe link: octets to messages and back
    sense    when a missing supply counts as lost
    hold_up  the capacitor that carries the gateway through the first minutes
    inputs   what the pins are connected to, kept over a kill
    device   the probe as a whole

All but the state file is free of I/O; `simulators.commands.probe` puts it on a pseudo-terminal.
`docs/probe-link.md` is the contract.
"""
