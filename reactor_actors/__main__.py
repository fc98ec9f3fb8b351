"""`python -m reactor_actors`: the command line, for where no script is installed."""

from reactor_actors.cli.app import main

if __name__ == "__main__":
    main()
