// Recipients
