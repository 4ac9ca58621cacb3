// Derivatives of any control step: dual numbers through all of it, in one part of the directions after the other.
namespace arm {

template<class Real> INLINE void differentiate(int64_t row, const DerivativeArrays<Real>& of) {
  typedef Dual<Real, Lanes<Real, TOGETHER>> T;
  for (int first = 0; first < INPUT; first += TOGETHER) {
    T input[INPUT];
    T *q = input, *v = q + NV, *act = v + NV, *ctrl = act + NA;
    for (int i = 0; i < NV; i++) q[i] = T(of.qpos[row * NV + i]), v[i] = T(of.qvel[row * NV + i]);
    for (int i = 0; i < NA; i++) act[i] = T(of.act[row * NA + i]);
    for (int i = 0; i < NU; i++) ctrl[i] = T(of.ctrl[row * NU + i]);
    for (int k = 0; k < TOGETHER && first + k < INPUT; k++) input[first + k].slope.values[k] = 1;
    Evaluation<T> last;
    control_step(q, v, act, ctrl, last);
    for (int k = 0; k < TOGETHER && first + k < INPUT; k++)
      for (int i = 0, column = first + k; i < STATE; i++) {
        if (column < STATE) of.by_state[(row * STATE + i) * STATE + column] = input[i].slope.values[k];
        else of.by_ctrl[(row * STATE + i) * NU + column - STATE] = input[i].slope.values[k];
      }
    for (int i = 0; i < STATE && first == 0; i++) of.next[row * STATE + i] = input[i].value;
  }
}

}  // namespace arm
