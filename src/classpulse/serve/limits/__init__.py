"""What one account, address or educator may use up, right across all processes.

Processes share only Postgres. The windows are those of the library ``limits``; its storages here
keep their counts in unlogged tables.
"""
