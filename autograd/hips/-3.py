

def __getattr__(name: str) -> object:
    return getattr(scipys, name)
