"""The version of this library, as it is installed."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("reactor-actors")
except PackageNotFoundError:
    __version__ = "0.0.0.dev"
