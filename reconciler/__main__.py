"""``python -m reconciler``: the command line without its script."""

from reconciler.cli.main import main

if __name__ == "__main__":
    main()
