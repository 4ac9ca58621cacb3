// Derivatives of a control step: of the state after it, (qpos, qvel, act), by the state before it and by the controls.
// Of each arm: `next` (STATE), `by_state` (STATE, STATE), `by_ctrl` (STATE, NU), `marks_by_qpos` (9, NV) of the landmarks
// at the state before; row by row, a column for what is differentiated by.
namespace arm {

enum { STATE = 2 * NV + NA, INPUT = STATE + NU };

template<class Real> struct DerivativeArrays {
  const Real *qpos, *qvel, *act, *ctrl;
  Real *next, *by_state, *by_ctrl, *marks_by_qpos;
};

#ifdef __CUDACC__
INLINE double entry(double slope, int) { return slope; }
INLINE double unit(double, int) { return 1.0; }
#else
template<class Real, int N> INLINE Real entry(Lanes<Real, N> slopes, int i) { return slopes.values[i]; }
template<class Real, int N> INLINE Lanes<Real, N> unit(Lanes<Real, N> none, int i) {
  none.values[i] = 1;
  return none;
}
#endif

// The derivatives of one arm in the directions [first, first + WIDTH) of its inputs (qpos, qvel, act, ctrl).
template<class Real, class Slope, int WIDTH>
INLINE void directions(long long row, int first, const DerivativeArrays<Real>& of) {
  typedef Dual<Real, Slope> T;
  T input[INPUT], marks[9];
  T *q = input, *v = q + NV, *act = v + NV, *ctrl = act + NA;
  for (int i = 0; i < NV; i++) q[i] = T(of.qpos[row * NV + i]), v[i] = T(of.qvel[row * NV + i]);
  for (int i = 0; i < NA; i++) act[i] = T(of.act[row * NA + i]);
  for (int i = 0; i < NU; i++) ctrl[i] = T(of.ctrl[row * NU + i]);
  for (int k = 0; k < WIDTH && first + k < INPUT; k++) input[first + k].slope = unit(Slope(0.0), k);
  landmarks(q, marks);
  Evaluation<T> last;
  control_step(q, v, act, ctrl, last);
  for (int k = 0; k < WIDTH && first + k < INPUT; k++) {
    const int column = first + k;
    for (int i = 0; i < STATE; i++) {
      const Real slope = entry(input[i].slope, k);
      if (column < STATE) of.by_state[(row * STATE + i) * STATE + column] = slope;
      else of.by_ctrl[(row * STATE + i) * NU + column - STATE] = slope;
    }
    for (int i = 0; i < 9 && column < NV; i++) of.marks_by_qpos[(row * 9 + i) * NV + column] = entry(marks[i].slope, k);
  }
  for (int i = 0; i < STATE && first == 0; i++) of.next[row * STATE + i] = input[i].value;
}

}  // namespace arm

#ifdef __CUDACC__
#define DERIVATIVES(Real, SUFFIX)                                                                                  \
  extern "C" __global__ void derivatives_##SUFFIX(int n, const Real* qpos, const Real* qvel, const Real* act,      \
                                                  const Real* ctrl, Real* next, Real* by_state, Real* by_ctrl,     \
                                                  Real* marks_by_qpos) {                                           \
    const int row = blockIdx.x * blockDim.x + threadIdx.x;                                                         \
    if (row >= n) return;                                                                                          \
    const arm::DerivativeArrays<Real> of = {qpos, qvel, act, ctrl, next, by_state, by_ctrl, marks_by_qpos};        \
    ROLLED for (int i = 0; i < arm::INPUT; i++) arm::directions<Real, Real, 1>(row, i, of);                        \
  }
#else
#define DERIVATIVES(Real, SUFFIX)                                                                                  \
  extern "C" void derivatives_##SUFFIX(int64_t begin, int64_t end, const Real* qpos, const Real* qvel,             \
                                       const Real* act, const Real* ctrl, Real* next, Real* by_state,              \
                                       Real* by_ctrl, Real* marks_by_qpos) {                                       \
    enum { WIDTH = 8 };                                                                                            \
    const arm::DerivativeArrays<Real> of = {qpos, qvel, act, ctrl, next, by_state, by_ctrl, marks_by_qpos};        \
    for (int64_t row = begin; row < end; row++)                                                                    \
      for (int i = 0; i < arm::INPUT; i += WIDTH) arm::directions<Real, arm::Lanes<Real, WIDTH>, WIDTH>(row, i, of); \
  }
#endif
DERIVATIVES(double, f64)
