// What a control step is differentiated by and where that goes; and the derivatives of landmarks.
namespace arm {

enum { STATE = 2 * NV + NA, INPUT = STATE + NU, TOGETHER = 8 };

template<class Real> struct DerivativeArrays {
  const Real *qpos, *qvel, *act, *ctrl;
  Real *next, *by_state, *by_ctrl, *marks_by_qpos;
};

template<class Real> INLINE void differentiate_landmarks(int64_t row, const DerivativeArrays<Real>& of) {
  typedef Dual<Real, Lanes<Real, TOGETHER>> T;
  T q[NV], marks[9];
  for (int first = 0; first < NV; first += TOGETHER) {
    for (int i = 0; i < NV; i++) q[i] = T(of.qpos[row * NV + i]);
    for (int k = 0; k < TOGETHER && first + k < NV; k++) q[first + k].slope.values[k] = 1;
    landmarks(q, marks);
    for (int k = 0; k < TOGETHER && first + k < NV; k++)
      for (int i = 0; i < 9; i++) of.marks_by_qpos[(row * 9 + i) * NV + first + k] = marks[i].slope.values[k];
  }
}

}  // namespace arm
