// Velocities from forces at the old state, of which those linear in velocity are taken at the new one; then positions.
// mj_Euler and mj_implicit (implicitfast): they differ in what `damped`, joint-space inertia + timestep x damping, holds.
namespace arm {

template<class T> INLINE void substep(T* q, T* v, T* act, const T* ctrl, Evaluation<T>& now, Excess<T>& excess) {
  T none[NV], change[NV];
  UNROLL for (int i = 0; i < NV; i++) none[i] = T(0.0);
  forward(q, v, act, ctrl, now);
  solve(now.damped, none, now.total, change);
  UNROLL for (int i = 0; i < NV; i++) {
    add(v[i], T(TIMESTEP) * change[i], excess.v[i]);
    add(q[i], T(TIMESTEP) * v[i], excess.q[i]);
  }
  UNROLL for (int i = 0; i < NA; i++) act[i] = act[i] + T(TIMESTEP) * now.act_rate[i];
  clamp_activations(act);
}

}  // namespace arm
