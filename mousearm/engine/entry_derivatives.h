// Derivatives of a control step: of the state after it, (qpos, qvel, act), by the state before it and by the controls.
// Of each arm: `next` (STATE), `by_state` (STATE, STATE), `by_ctrl` (STATE, NU), `marks_by_qpos` (9, NV) of the landmarks
// at the state before; row by row, a column for what is differentiated by.
extern "C" void derivatives_f64(int64_t begin, int64_t end, const double* qpos, const double* qvel, const double* act,
                                const double* ctrl, double* next, double* by_state, double* by_ctrl,
                                double* marks_by_qpos) {
  const arm::DerivativeArrays<double> of = {qpos, qvel, act, ctrl, next, by_state, by_ctrl, marks_by_qpos};
  for (int64_t row = begin; row < end; row++) {
    arm::differentiate(row, of);
    arm::differentiate_landmarks(row, of);
  }
}
