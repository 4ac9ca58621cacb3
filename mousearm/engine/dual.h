// Numbers that carry their derivatives along: forward differentiation, in several directions at once (Slope is Lanes) or
// in one (Slope is Real). Where a formula has a case for each side of a value, the derivative is that of the case taken.
namespace arm {

template<class Real, class Slope> struct Dual {
  Real value;
  Slope slope;
  Dual() = default;
  INLINE Dual(Real v, Slope s) : value(v), slope(s) {}
  INLINE explicit Dual(double number) : value(Real(number)), slope(0.0) {}
};

#define DUAL template<class Real, class Slope> INLINE
#define NUMBER Dual<Real, Slope>
DUAL NUMBER operator+(NUMBER a, NUMBER b) { return {a.value + b.value, a.slope + b.slope}; }
DUAL NUMBER operator-(NUMBER a, NUMBER b) { return {a.value - b.value, a.slope - b.slope}; }
DUAL NUMBER operator-(NUMBER a) { return {-a.value, -a.slope}; }
DUAL NUMBER operator*(NUMBER a, NUMBER b) {
  return {a.value * b.value, Slope(a.value) * b.slope + Slope(b.value) * a.slope};
}
DUAL NUMBER operator/(NUMBER a, NUMBER b) {
  const Real quotient = a.value / b.value;
  return {quotient, Slope(1 / b.value) * (a.slope - Slope(quotient) * b.slope)};
}
DUAL bool operator<(NUMBER a, NUMBER b) { return a.value < b.value; }
DUAL bool operator>(NUMBER a, NUMBER b) { return a.value > b.value; }
DUAL bool operator<=(NUMBER a, NUMBER b) { return a.value <= b.value; }
DUAL bool operator>=(NUMBER a, NUMBER b) { return a.value >= b.value; }
DUAL bool operator!=(NUMBER a, NUMBER b) { return a.value != b.value; }
DUAL NUMBER select(bool mask, NUMBER a, NUMBER b) { return mask ? a : b; }
DUAL NUMBER magnitude(NUMBER x) { return x.value < 0 ? -x : x; }
DUAL NUMBER root(NUMBER x) {
  const Real value = root(x.value);
  return {value, Slope(value > 0 ? 1 / (2 * value) : 0) * x.slope};
}
DUAL NUMBER power(NUMBER x, NUMBER exponent) {
  const Real rate = x.value > 0 ? exponent.value * power(x.value, exponent.value - 1) : 0;
  return {power(x.value, exponent.value), Slope(rate) * x.slope};
}
DUAL NUMBER angle_of(NUMBER y, NUMBER x) {
  const Real square = x.value * x.value + y.value * y.value;
  return {angle_of(y.value, x.value), Slope(1 / square) * (Slope(x.value) * y.slope - Slope(y.value) * x.slope)};
}
DUAL void sine_cosine(NUMBER x, NUMBER& sine, NUMBER& cosine) {
  sine_cosine(x.value, sine.value, cosine.value);
  sine.slope = Slope(cosine.value) * x.slope, cosine.slope = Slope(-sine.value) * x.slope;
}
#undef DUAL
#undef NUMBER

}  // namespace arm
