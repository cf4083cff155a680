"""The journeys that the guide tells, each written once as steps."""
