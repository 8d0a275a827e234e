import fc from "fast-check";

/** Values of every kind that a guest may send and fast-check makes. */
export const anyValue = (constraints: fc.ObjectConstraints = {}): fc.Arbitrary<unknown> =>
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: true,
    stringUnit: "binary",
    ...constraints,
  });
