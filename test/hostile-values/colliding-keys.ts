/**
 * Keys of a Map or a Set that V8 puts into one bucket. It hashes numbers and BigInts without a seed (src/numbers/hash-seed-inl.h,
 * src/utils/hashing: ComputeUnseededHash, ComputeLongHash), each step of which can be turned round.
 */

/** Buckets of a table of up to 131,072 entries: their number is a power of two, the bucket is the hash's low bits. */
const BUCKET_BITS = 16;
const MASK_64 = (1n << 64n) - 1n;

/** Whole numbers of 32 bits that share a bucket, at most 65,536 of them. */
export function collidingIntegers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => unhash32(index * 2 ** BUCKET_BITS) | 0);
}

/** Numbers with a fraction, or beyond 32 bits, with one hash of 30 bits. */
export function collidingDoubles(count: number): number[] {
  const doubles: number[] = [];
  const view = new DataView(new ArrayBuffer(8));
  for (let index = 0n; doubles.length < count; index++) {
    view.setBigUint64(0, unhash64(index << 30n));
    const double = view.getFloat64(0);
    if (!Number.isNaN(double) && !Object.is(double, double | 0)) doubles.push(double);
  }
  return doubles;
}

/** Digits of BigInts with one hash of 30 bits: 64 bits each, so that they are as short as they can be. */
export function collidingDigits(count: number): bigint[] {
  return Array.from({ length: count }, (_, index) => unhash64(BigInt(index + 1) << 30n));
}

/** The 32-bit key of a hash, by Thomas Wang's function turned round. */
function unhash32(hash: number): number {
  let key = hash >>> 0;
  key = unshiftRight32(key, 16);
  key = Math.imul(key, inverse32(2057)) >>> 0;
  key = unshiftRight32(key, 4);
  key = Math.imul(key, inverse32(5)) >>> 0;
  key = unshiftRight32(key, 12);
  // hash = ~key + (key << 15) = key * (2^15 - 1) - 1
  return Math.imul((key + 1) >>> 0, inverse32(0x7fff)) >>> 0;
}

/** The 64-bit key of a hash. */
function unhash64(hash: bigint): bigint {
  let key = hash & MASK_64;
  key = unshiftRight64(key, 22n);
  key = (key * inverse64(65n)) & MASK_64;
  key = unshiftRight64(key, 11n);
  key = (key * inverse64(21n)) & MASK_64;
  key = unshiftRight64(key, 31n);
  // hash = ~key + (key << 18) = key * (2^18 - 1) - 1
  return ((key + 1n) * inverse64((1n << 18n) - 1n)) & MASK_64;
}

/** Undoes `x ^ (x >>> by)`. */
function unshiftRight32(value: number, by: number): number {
  let result = value;
  for (let shift = by; shift < 32; shift += by) result = (value ^ (result >>> by)) >>> 0;
  return result;
}

function unshiftRight64(value: bigint, by: bigint): bigint {
  let result = value;
  for (let shift = by; shift < 64n; shift += by) result = value ^ (result >> by);
  return result;
}

/** The inverse of an odd number modulo 2^32, by Newton's method. */
function inverse32(odd: number): number {
  let inverse = odd;
  for (let round = 0; round < 5; round++)
    inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse)) >>> 0;
  return inverse;
}

function inverse64(odd: bigint): bigint {
  let inverse = odd;
  for (let round = 0; round < 6; round++) inverse = (inverse * (2n - odd * inverse)) & MASK_64;
  return inverse;
}
