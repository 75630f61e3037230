"""What a CRM says about itself: wire shapes, snapshot files, and the runtime's facts."""
