"""Train a controller: ``python run.py [KEY=VALUE ...]``, ``-m`` for a sweep, ``resume=RUN_FOLDER``. See README.md."""

from mousearm.__main__ import main

if __name__ == "__main__":
    main()
