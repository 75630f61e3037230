"""The whole story on one screen: `vtiger-orm demo`."""
