"""The Hugging Face Hub: its repositories as folders on this machine, and files of this machine as repositories.

Places on it are written as its own library writes them: ``hf://OWNER/NAME@REVISION/PATH``, for data sets
``hf://datasets/OWNER/NAME@REVISION/PATH``. That library downloads, caches, resumes and logs in; it is imported when a
place on the Hub is first used. No token is ever read, kept or shown here.
"""
