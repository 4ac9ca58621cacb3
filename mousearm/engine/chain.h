// Derivatives of a control step by the method of Runge and Kutta, which carries the slopes of the state along with it: those
// of its four stages by the chain rule from the derivatives of `forward` by its own arguments. Accelerations depend on
// positions and velocities in every way, but on activations and controls through the force of an actuator alone. It exerts
// force x lever on the joints, and the lever is the slope of the actuator's length. So `forward` is differentiated in two
// directions for each joint and two for all actuators together, of which no two share an activation, a control or a force.
namespace arm {

enum { OF_ACT = 2 * NV, OF_CTRL, DIRECTIONS, WIDE = (INPUT + 7) / 8 * 8 };

// Accelerations and rates of activation at one state, and how they depend on it and on the controls.
template<class Real> struct Local {
  Real acceleration[NV], act_rate[ATLEAST1(NA)];
  Real by_motion[NV][2 * NV], by_torque[NV][NV], lever[NU][NV], force_by_act[NU], force_by_ctrl[NU];
  Real rate_by_act[ATLEAST1(NA)], rate_by_ctrl[ATLEAST1(NA)];
};

template<class Real> INLINE void linearise(const Real* state, const Real* ctrl, Local<Real>& local) {
  typedef Dual<Real, Lanes<Real, TOGETHER>> T;
  Evaluation<T> here;
  for (int first = 0; first < DIRECTIONS; first += TOGETHER) {
    T own[INPUT];
    for (int i = 0; i < INPUT; i++) {
      const int direction = i < 2 * NV ? i : i < STATE ? OF_ACT : OF_CTRL;
      own[i] = T(i < STATE ? state[i] : ctrl[i - STATE]);
      if (direction / TOGETHER == first / TOGETHER) own[i].slope.values[direction - first] = 1;
    }
    forward(own, own + NV, own + 2 * NV, own + STATE, here);
    for (int lane = 0; lane < TOGETHER && first + lane < DIRECTIONS; lane++) {
      const int direction = first + lane;
      for (int i = 0; i < NV && direction < 2 * NV; i++) local.by_motion[i][direction] = here.acceleration[i].slope.values[lane];
      for (int i = 0; i < NU; i++) {
        if (direction < NV) local.lever[i][direction] = here.length[i].slope.values[lane];
        if (direction == OF_ACT) local.force_by_act[i] = here.force[i].slope.values[lane];
        if (direction == OF_CTRL) local.force_by_ctrl[i] = here.force[i].slope.values[lane];
      }
      for (int i = 0; i < NA; i++) {
        if (direction == OF_ACT) local.rate_by_act[i] = here.act_rate[i].slope.values[lane];
        if (direction == OF_CTRL) local.rate_by_ctrl[i] = here.act_rate[i].slope.values[lane];
      }
    }
  }
  Real inertia[INERTIA], added[NV];
  for (int i = 0; i < INERTIA; i++) inertia[i] = here.inertia[i].value;
  for (int i = 0; i < NV; i++) added[i] = here.added[i].value, local.acceleration[i] = here.acceleration[i].value;
  for (int i = 0; i < NA; i++) local.act_rate[i] = here.act_rate[i].value;
  for (int i = 0; i < NV; i++) {
    Real one[NV] = {};
    one[i] = 1;
    solve(inertia, added, one, local.by_torque[i]);
  }
}

// A state and its slopes by all inputs: an activation's by itself, as it was at first, and by its own control alone.
template<class Real> struct Carried {
  Real state[STATE], motion[2 * NV][WIDE], by_act[ATLEAST1(NA)], by_ctrl[ATLEAST1(NA)];
};

// How the accelerations depend on all inputs.
template<class Real> INLINE void chained(const Local<Real>& local, const Carried<Real>& at, Real slopes[NV][WIDE]) {
  const int state_of[] = STATE_OF_ACTUATORS;
  Real torque[NV][WIDE] = {};
  for (int i = 0; i < NU; i++) {
    const int act = state_of[i];
    for (int j = 0; j < NV; j++) {
      torque[j][STATE + i] = local.lever[i][j] * (local.force_by_ctrl[i] + (act < 0 ? 0 : local.force_by_act[i] * at.by_ctrl[act]));
      if (act >= 0) torque[j][2 * NV + act] = local.lever[i][j] * local.force_by_act[i] * at.by_act[act];
    }
  }
  for (int i = 0; i < NV; i++) {
    for (int c = 0; c < WIDE; c++) slopes[i][c] = 0;
    for (int j = 0; j < 2 * NV; j++)
      for (int c = 0; c < WIDE; c++) slopes[i][c] += local.by_motion[i][j] * at.motion[j][c];
    for (int j = 0; j < NV; j++)
      for (int c = 0; c < WIDE; c++) slopes[i][c] += local.by_torque[j][i] * torque[j][c];
  }
}

// sum = before + step * rate, of a state and all of its slopes, with the rates at another state.
template<class Real>
INLINE void carry(Carried<Real>& sum, const Carried<Real>& before, Real step, const Carried<Real>& at, const Local<Real>& local,
                  const Real slopes[NV][WIDE]) {
  for (int i = 0; i < NV; i++) {
    sum.state[i] = before.state[i] + step * at.state[NV + i];
    sum.state[NV + i] = before.state[NV + i] + step * local.acceleration[i];
    for (int c = 0; c < WIDE; c++) {
      sum.motion[i][c] = before.motion[i][c] + step * at.motion[NV + i][c];
      sum.motion[NV + i][c] = before.motion[NV + i][c] + step * slopes[i][c];
    }
  }
  for (int i = 0; i < NA; i++) {
    sum.state[2 * NV + i] = before.state[2 * NV + i] + step * local.act_rate[i];
    sum.by_act[i] = before.by_act[i] + step * local.rate_by_act[i] * at.by_act[i];
    sum.by_ctrl[i] = before.by_ctrl[i] + step * (local.rate_by_act[i] * at.by_ctrl[i] + local.rate_by_ctrl[i]);
  }
}

template<class Real> INLINE void substep(Carried<Real>& at, const Real* ctrl) {
  const Carried<Real> before = at;
  Carried<Real> after = at, next;
  Local<Real> local;
  Real slopes[NV][WIDE];
  ROLLED for (int stage = 0; stage < 4; stage++) {
    linearise(at.state, ctrl, local);
    chained(local, at, slopes);
    carry(after, after, Real(TIMESTEP) * (stage == 0 || stage == 3 ? 1.0 / 6 : 1.0 / 3), at, local, slopes);
    carry(next, before, Real(stage == 2 ? TIMESTEP : TIMESTEP / 2), at, local, slopes);
    at = next;
  }
  at = after;
  Dual<Real, Real> act[ATLEAST1(NA)];
  for (int i = 0; i < NA; i++) act[i] = {at.state[2 * NV + i], Real(1)};
  clamp_activations(act);
  for (int i = 0; i < NA; i++) {
    at.state[2 * NV + i] = act[i].value;
    at.by_act[i] *= act[i].slope, at.by_ctrl[i] *= act[i].slope;
  }
}

template<class Real> INLINE void differentiate(int64_t row, const DerivativeArrays<Real>& of) {
  Carried<Real> at = {};
  for (int i = 0; i < NV; i++) at.state[i] = of.qpos[row * NV + i], at.state[NV + i] = of.qvel[row * NV + i];
  for (int i = 0; i < NA; i++) at.state[2 * NV + i] = of.act[row * NA + i], at.by_act[i] = 1;
  for (int i = 0; i < 2 * NV; i++) at.motion[i][i] = 1;
  ROLLED for (int i = 0; i < SUBSTEPS; i++) substep(at, of.ctrl + row * NU);
  const int state_of[] = STATE_OF_ACTUATORS;
  Real *by_state = of.by_state + row * STATE * STATE, *by_ctrl = of.by_ctrl + row * STATE * NU;
  for (int i = 0; i < STATE; i++) of.next[row * STATE + i] = at.state[i];
  for (int i = 0; i < STATE * STATE; i++) by_state[i] = 0;
  for (int i = 0; i < STATE * NU; i++) by_ctrl[i] = 0;
  for (int i = 0; i < 2 * NV; i++) {
    for (int c = 0; c < STATE; c++) by_state[i * STATE + c] = at.motion[i][c];
    for (int c = 0; c < NU; c++) by_ctrl[i * NU + c] = at.motion[i][STATE + c];
  }
  for (int i = 0; i < NA; i++) by_state[(2 * NV + i) * (STATE + 1)] = at.by_act[i];
  for (int i = 0; i < NU; i++)
    if (state_of[i] >= 0) by_ctrl[(2 * NV + state_of[i]) * NU + i] = at.by_ctrl[state_of[i]];
}

}  // namespace arm
