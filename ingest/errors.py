"""The failures that a user can cause or mend.

Each has a message that says what, where and what to do. Messages never carry a data value: file
names, column names, row numbers and counts only.
"""


class PipelineError(Exception):
    """Base of every failure reported to the user as one sentence, without a stack trace."""


class Rejected(PipelineError):
    """The trigger or a file breaks the contract: nothing lands, the files move to `rejected/`."""


class Waiting(PipelineError):
    """The batch is not complete yet: nothing lands and the next look tries again."""


class ConfigError(PipelineError):
    """The command was given settings that cannot work."""


class UsageError(ConfigError):
    """The command was pointed at something that is not there."""


class EngineError(PipelineError):
    """The engine cannot be started or reached."""


class BusyError(PipelineError):
    """Another command is at work in the warehouse."""
