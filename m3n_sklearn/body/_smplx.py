"""Bodies of the SMPL family, from the objects or arrays that hold them."""


def body_from_smplx(): ...
