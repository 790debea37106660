"""The store on a database: tables declared once with SQLAlchemy, hot statements sent by the driver itself."""
