"""The console of a development server: what operators see of devices, records, the log, quarantine and notifications.

Every page is made here, of what stands behind the edge's ports, and works without a script; what is fresh is asked for
again by the page itself, region by region.
"""
