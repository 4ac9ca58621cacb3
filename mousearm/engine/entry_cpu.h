// What the program calls on processors: rows [begin, end) of arrays with one arm per row.
namespace arm {

template<class Real>
void step_rows(int64_t begin, int64_t end, Real* qpos, Real* qvel, Real* act, const Real* ctrl, Real* force, Real* torque, Real* marks) {
  typedef typename Rows<Real>::T T;
  each<Real>(begin, end, [=](Rows<Real> rows) {
    T q[NV], v[NV], a[ATLEAST1(NA)], c[NU], m[9];
    Evaluation<T> last;
    rows.load(qpos, NV, q), rows.load(qvel, NV, v), rows.load(act, NA, a), rows.load(ctrl, NU, c);
    control_step(q, v, a, c, last);
    landmarks(q, m);
    rows.store(q, NV, qpos), rows.store(v, NV, qvel), rows.store(a, NA, act);
    rows.store(last.force, NU, force), rows.store(last.torque, NV, torque), rows.store(m, 9, marks);
  });
}

template<class Real>
void forward_rows(int64_t begin, int64_t end, const Real* qpos, const Real* qvel, const Real* act, const Real* ctrl, Real* qacc, Real* actdot, Real* force) {
  typedef typename Rows<Real>::T T;
  each<Real>(begin, end, [=](Rows<Real> rows) {
    T q[NV], v[NV], a[ATLEAST1(NA)], c[NU];
    Evaluation<T> now;
    rows.load(qpos, NV, q), rows.load(qvel, NV, v), rows.load(act, NA, a), rows.load(ctrl, NU, c);
    forward(q, v, a, c, now);
    rows.store(now.acceleration, NV, qacc), rows.store(now.act_rate, NA, actdot), rows.store(now.force, NU, force);
  });
}

template<class Real> void marks_rows(int64_t begin, int64_t end, const Real* qpos, Real* marks) {
  typedef typename Rows<Real>::T T;
  each<Real>(begin, end, [=](Rows<Real> rows) {
    T q[NV], m[9];
    rows.load(qpos, NV, q);
    landmarks(q, m);
    rows.store(m, 9, marks);
  });
}

// Put the chosen arms into a state; what there is of controls and forces is forgotten.
template<class Real>
void reset_rows(int64_t begin, int64_t end, const unsigned char* chosen, const Real* new_qpos, const Real* new_qvel, const Real* new_act,
                Real* qpos, Real* qvel, Real* act, Real* ctrl, Real* force, Real* torque, Real* marks) {
  for (int64_t row = begin; row < end; row++) {
    if (!chosen[row]) continue;
    for (int i = 0; i < NV; i++) qpos[row * NV + i] = new_qpos[row * NV + i], qvel[row * NV + i] = new_qvel[row * NV + i];
    for (int i = 0; i < NA; i++) act[row * NA + i] = new_act[row * NA + i];
    for (int i = 0; i < NU; i++) ctrl[row * NU + i] = force[row * NU + i] = Real(0.0);
    for (int i = 0; i < NV; i++) torque[row * NV + i] = Real(0.0);
    marks_rows(row, row + 1, qpos, marks);
  }
}

}  // namespace arm

#define ENTRIES(Real, SUFFIX)                                                                                       \
  extern "C" void step_##SUFFIX(int64_t begin, int64_t end, Real* qpos, Real* qvel, Real* act, const Real* ctrl,    \
                                Real* force, Real* torque, Real* marks) {                                           \
    arm::step_rows<Real>(begin, end, qpos, qvel, act, ctrl, force, torque, marks);                                  \
  }                                                                                                                 \
  extern "C" void forward_##SUFFIX(int64_t begin, int64_t end, const Real* qpos, const Real* qvel, const Real* act, \
                                   const Real* ctrl, Real* qacc, Real* actdot, Real* force) {                       \
    arm::forward_rows<Real>(begin, end, qpos, qvel, act, ctrl, qacc, actdot, force);                                \
  }                                                                                                                 \
  extern "C" void reset_##SUFFIX(int64_t begin, int64_t end, const unsigned char* chosen, const Real* new_qpos,      \
                                 const Real* new_qvel, const Real* new_act, Real* qpos, Real* qvel, Real* act,      \
                                 Real* ctrl, Real* force, Real* torque, Real* marks) {                              \
    arm::reset_rows<Real>(begin, end, chosen, new_qpos, new_qvel, new_act, qpos, qvel, act, ctrl, force, torque,    \
                          marks);                                                                                   \
  }                                                                                                                 \
  extern "C" void marks_##SUFFIX(int64_t begin, int64_t end, const Real* qpos, Real* marks) {                       \
    arm::marks_rows<Real>(begin, end, qpos, marks);                                                                 \
  }
ENTRIES(double, f64)
ENTRIES(float, f32)
