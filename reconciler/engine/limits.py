"""All limits of the engine. Sizes are in bytes, times in seconds."""

from __future__ import annotations

import os
from typing import Final

DEFAULT_CRONS: Final = 5
"""Modal's Starter plan: deployed crons per workspace, over all environments."""

DEFAULT_WEB_ENDPOINTS: Final = 8
"""Modal's Starter plan: deployed web endpoints per workspace, over all environments."""

CONTAINERS: Final = 32
"""Containers at the same time, over all apps. Each is a process of some tens of megabytes."""

STARTING: Final = max(2, os.cpu_count() or 1)
"""Containers that start at the same time. More would slow each other down."""

PENDING_INPUTS: Final = 1_000_000
"""Inputs waiting or running, over all functions (Modal's bound for ``.spawn()``)."""

BLOCK: Final = 8 << 20
"""Clients read a file of a Volume in blocks of this size; the client requires it."""

BLOB: Final = 4 << 30
"""The largest upload that is accepted."""

MESSAGE: Final = 128 << 20
"""The largest admin request body."""

HTTP_HEADER: Final = 32 << 10

LOG_LINE: Final = 64 << 10
"""A longer line of output is cut into pieces of this size."""

LOG_ROWS: Final = 200_000
"""Older log entries than this many are dropped."""

LOG_FETCH: Final = 20_000
"""Log entries in one answer, which is as many as the client asks for at once."""

BACKGROUND_COMMIT: Final = 3.0
"""Seconds between background commits; Modal's documentation says "every few seconds"."""

LONG_POLL: Final = 50.0
"""The longest that a call waits before it answers that there is nothing yet."""

HEARTBEAT_POLL: Final = 14.0
"""The container's client gives a heartbeat up after 15 s."""

APP_HEARTBEAT: Final = 60.0
"""An ephemeral app whose client has been silent for this long is stopped."""

DICT_ENTRY_IDLE: Final = 7 * 86_400.0
"""A Dict entry expires when idle (not read, not written) for this long (Modal's documentation)."""

RESULT_AGE: Final = 7 * 86_400.0
"""A call's result can be fetched for this long after it ended (Modal's documentation)."""

ANSWER_AGE: Final = 3_600.0
"""Repeated requests of a call are recognised for this long; a client gives up within a minute."""

DEFAULT_TIMEOUT: Final = 300
"""The timeout of one attempt if the function states none (Modal's default)."""

DEFAULT_SCALEDOWN: Final = 60
"""Idle time after which a container ends if the function states none (Modal's default)."""

CRASHES: Final = 8
"""How often an input is retried after its container died, before the input fails."""

CANCEL_GRACE: Final = 10.0
"""A container that still runs a cancelled input after this time is killed."""

STOP_GRACE: Final = 5.0
"""From SIGTERM to SIGKILL, at the engine's shutdown and when an app is stopped."""

OUTPUT_GRACE: Final = 2.0
"""How long the output of a container that has ended is read on."""

RETIRE_GRACE: Final = 30.0
"""A container that should end (idle, or replaced by a deploy) is killed after this time."""

BUILD: Final = 3_600.0
"""The longest that an image's packages may take to install."""

BUILD_LINES: Final = 10_000
"""Lines of output that are kept of one build."""

BUILDS_KEPT: Final = 100
"""How many images' last builds are remembered, with their output."""

ENVIRONMENT_AGE: Final = 30 * 86_400.0
"""An environment that was not used for this long is removed at the engine's start."""

INTERPRETERS: Final = 8
"""Environments whose interpreter waits for the next container. Each has some 45 megabytes."""

LIST_ENTRIES: Final = 1_000
"""Volume entries in one message of a listing."""

FAULT_RULES: Final = 1_000

TRACE: Final = 10_000
"""How many of the latest calls `GET /trace` lists."""

FAULT_DELAY: Final = 600.0
"""The longest delay of a fault rule."""

WEB_AHEAD: Final = 1 << 20
"""What is kept of a request or of an answer that the other side has not read yet."""

WEB_MESSAGE: Final = 2 << 20
"""The largest WebSocket message of a client. Modal's limit is undocumented."""

WEB_HEADER: Final = 64 << 10
"""The longest request line or header field."""

WEB_BACKLOG: Final = 128

WEB_PATIENCE: Final = 150.0
"""An answer that has not begun by then is fetched from another address (Modal's documentation)."""

HELD_ANSWERS: Final = 256
"""Answers that wait to be fetched; the oldest are dropped beyond this."""

IDLE_ENDPOINTS: Final = 100
"""Ports that are kept for endpoints that no live app has, so that these get the same one again."""

PROXY_TOKENS: Final = 1_000
