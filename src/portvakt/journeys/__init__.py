"""What people do. Each folder is one journey; none knows another (docs/adr/0002)."""
