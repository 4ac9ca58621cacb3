// Several numbers in one: the same arithmetic for as many arms at once, by the vector extensions of GCC and clang.
namespace arm {

template<class Real> struct Integer;
template<> struct Integer<float> { typedef int32_t type; };
template<> struct Integer<double> { typedef int64_t type; };

template<class Real, int N> struct Mask {
  typedef typename Integer<Real>::type Truth;
  typedef Truth Bits __attribute__((vector_size(N * sizeof(Truth))));
  Bits bits;
};
template<class Real, int N> struct Lanes {
  typedef Real Values __attribute__((vector_size(N * sizeof(Real))));
  Values values;
  Lanes() = default;
  INLINE Lanes(Values given) : values(given) {}
  INLINE explicit Lanes(double number) : values(Values{} + Real(number)) {}
};

#define LANES template<class Real, int N> INLINE
LANES Lanes<Real, N> operator+(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values + b.values}; }
LANES Lanes<Real, N> operator-(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values - b.values}; }
LANES Lanes<Real, N> operator*(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values * b.values}; }
LANES Lanes<Real, N> operator/(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values / b.values}; }
LANES Lanes<Real, N> operator-(Lanes<Real, N> a) { return {-a.values}; }
LANES Mask<Real, N> operator<(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values < b.values}; }
LANES Mask<Real, N> operator>(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values > b.values}; }
LANES Mask<Real, N> operator<=(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values <= b.values}; }
LANES Mask<Real, N> operator>=(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values >= b.values}; }
LANES Mask<Real, N> operator!=(Lanes<Real, N> a, Lanes<Real, N> b) { return {a.values != b.values}; }
LANES Mask<Real, N> operator&(Mask<Real, N> a, Mask<Real, N> b) { return {a.bits & b.bits}; }
LANES Mask<Real, N> operator|(Mask<Real, N> a, Mask<Real, N> b) { return {a.bits | b.bits}; }
LANES Mask<Real, N> operator^(Mask<Real, N> a, Mask<Real, N> b) { return {a.bits ^ b.bits}; }
LANES Lanes<Real, N> select(Mask<Real, N> mask, Lanes<Real, N> a, Lanes<Real, N> b) {
  return {mask.bits ? a.values : b.values};
}
LANES bool any(Mask<Real, N> mask) {
  typename Mask<Real, N>::Truth found = 0;
  for (int i = 0; i < N; i++) found |= mask.bits[i];
  return found != 0;
}
LANES Lanes<Real, N> magnitude(Lanes<Real, N> x) { return select(x < Lanes<Real, N>(0.0), -x, x); }
LANES Lanes<Real, N> root(Lanes<Real, N> x) {
  for (int i = 0; i < N; i++) x.values[i] = root(x.values[i]);
  return x;
}
LANES Lanes<Real, N> power(Lanes<Real, N> x, Lanes<Real, N> exponent) {
  for (int i = 0; i < N; i++) x.values[i] = power(x.values[i], exponent.values[i]);
  return x;
}
LANES Lanes<Real, N> angle_of(Lanes<Real, N> y, Lanes<Real, N> x) {
  for (int i = 0; i < N; i++) x.values[i] = angle_of(Real(y.values[i]), Real(x.values[i]));
  return x;
}
LANES void sine_cosine(Lanes<Real, N> x, Lanes<Real, N>& sine, Lanes<Real, N>& cosine) {
  for (int i = 0; i < N; i++) {
    Real s, c;
    sine_cosine(Real(x.values[i]), s, c);
    sine.values[i] = s, cosine.values[i] = c;
  }
}
#undef LANES

}  // namespace arm
