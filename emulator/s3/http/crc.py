"""CRC-32C and CRC-64/NVME, which Python's standard library lacks, computed with numpy.

The bytes are laid out as many lanes that advance together, two bytes a step, by table look-up; the lanes' remainders
are then joined pairwise: appending n bytes multiplies a remainder by x^(8n) in GF(2)[x] modulo the CRC's polynomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LANES = 1024
_SMALLEST_FOR_LANES = 8 * _LANES


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A reflected CRC whose register starts with ones and is inverted at the end. The highest of `bits` is x^0."""

    width: int
    bits: int

    @property
    def ones(self) -> int:
        """The register's start value."""
        return (1 << self.width) - 1


CRC32 = Polynomial(32, 0xEDB88320)
CRC32C = Polynomial(32, 0x82F63B78)
CRC64NVME = Polynomial(64, 0x9A6C9329AC4BC9B5)


def update(polynomial: Polynomial, crc: int, data: bytes) -> int:
    """The CRC of some bytes with CRC `crc` (0 for none) followed by `data`."""
    register = crc ^ polynomial.ones
    if len(data) >= _SMALLEST_FOR_LANES:
        lane_length = len(data) // _LANES & ~1
        head = lane_length * _LANES
        remainder = _lanes_remainder(polynomial, data[:head], lane_length)
        register = _times(polynomial, register, _power(polynomial, head)) ^ remainder
        data = data[head:]
    table = _byte_table(polynomial)
    for byte in data:
        register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ polynomial.ones


def combine(polynomial: Polynomial, first: int, second: int, second_size: int) -> int:
    """The CRC of two byte strings in a row, from the CRC of each and the size of the second."""
    return _times(polynomial, first, _power(polynomial, second_size)) ^ second


def _times(polynomial: Polynomial, left: int, right: int) -> int:
    """The product of two remainders, in reflected notation (the highest bit is x^0)."""
    product = 0
    bit = 1 << (polynomial.width - 1)
    while bit:
        if left & bit:
            product ^= right
        right = _times_x(polynomial, right)
        bit >>= 1
    return product


def _times_x(polynomial: Polynomial, value: int) -> int:
    return (value >> 1) ^ (polynomial.bits if value & 1 else 0)


@lru_cache(maxsize=256)
def _power(polynomial: Polynomial, size: int) -> int:
    """x^(8 * size): what a remainder is multiplied by when `size` bytes follow."""
    result = 1 << (polynomial.width - 1)
    factor = result >> 8
    while size:
        if size & 1:
            result = _times(polynomial, result, factor)
        factor = _times(polynomial, factor, factor)
        size >>= 1
    return result


@lru_cache(maxsize=4)
def _byte_table(polynomial: Polynomial) -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = _times_x(polynomial, value)
        table.append(value)
    return table


@lru_cache(maxsize=4)
def _pair_table(polynomial: Polynomial) -> NDArray[np.uint64]:
    """What two bytes at once do to the register, uint64 [65536]."""
    import numpy as np

    single = np.array(_byte_table(polynomial), dtype=np.uint64)
    pairs = np.arange(65536, dtype=np.uint64)
    for _ in range(2):
        pairs = single[pairs & np.uint64(0xFF)] ^ (pairs >> np.uint64(8))
    return pairs


def _lanes_remainder(polynomial: Polynomial, data: bytes, lane_length: int) -> int:
    """The register after `data`, started with zero. `lane_length` in bytes, even."""
    import numpy as np

    steps = np.ascontiguousarray(np.frombuffer(data, dtype="<u2").reshape(_LANES, lane_length // 2).T)
    table = _pair_table(polynomial)
    registers = np.zeros(_LANES, dtype=np.uint64)
    low, shift = np.uint64(0xFFFF), np.uint64(16)
    for pairs in steps:
        registers = table[(registers ^ pairs) & low] ^ (registers >> shift)
    size = lane_length
    while len(registers) > 1:
        registers = _times_constant(polynomial, registers[0::2], _power(polynomial, size)) ^ registers[1::2]
        size *= 2
    return int(registers[0])


def _times_constant(polynomial: Polynomial, values: NDArray[np.uint64], factor: int) -> NDArray[np.uint64]:
    import numpy as np

    products = np.zeros(len(values), dtype=np.uint64)
    for position in range(polynomial.width - 1, -1, -1):
        selected = (values >> np.uint64(position)) & np.uint64(1)
        products ^= selected * np.uint64(factor)
        factor = _times_x(polynomial, factor)
    return products
