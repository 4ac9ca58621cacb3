// The classical Runge-Kutta method of fourth order, as mj_RungeKutta.
namespace arm {

template<class T> INLINE void substep(T* q, T* v, T* act, const T* ctrl, Evaluation<T>& now, Excess<T>& excess) {
  T q0[NV], v0[NV], act0[ATLEAST1(NA)], dq[NV], dv[NV], dact[ATLEAST1(NA)];
  UNROLL for (int i = 0; i < NV; i++) q0[i] = q[i], v0[i] = v[i], dq[i] = dv[i] = T(0.0);
  UNROLL for (int i = 0; i < NA; i++) act0[i] = act[i], dact[i] = T(0.0);
  ROLLED for (int stage = 0; stage < 4; stage++) {
    forward(q, v, act, ctrl, now);
    const T weight = T(stage == 0 || stage == 3 ? 1.0 / 6 : 1.0 / 3), ahead = T(stage == 2 ? TIMESTEP : TIMESTEP / 2);
    UNROLL for (int i = 0; i < NV; i++) {
      dq[i] = dq[i] + weight * v[i], dv[i] = dv[i] + weight * now.acceleration[i];
      q[i] = q0[i] + ahead * v[i], v[i] = v0[i] + ahead * now.acceleration[i];
    }
    UNROLL for (int i = 0; i < NA; i++) {
      dact[i] = dact[i] + weight * now.act_rate[i];
      act[i] = act0[i] + ahead * now.act_rate[i];
    }
  }
  UNROLL for (int i = 0; i < NV; i++) {
    q[i] = q0[i], v[i] = v0[i];
    add(q[i], T(TIMESTEP) * dq[i], excess.q[i]), add(v[i], T(TIMESTEP) * dv[i], excess.v[i]);
  }
  UNROLL for (int i = 0; i < NA; i++) act[i] = act0[i] + T(TIMESTEP) * dact[i];
  clamp_activations(act);
}

}  // namespace arm
