// What the program launches on a GPU: one thread per arm, one arm per row.
namespace arm {

template<class T> __device__ __forceinline__ void load(const T* rows, int row, int width, T* values) {
  UNROLL for (int i = 0; i < width; i++) values[i] = rows[row * (long long)width + i];
}
template<class T> __device__ __forceinline__ void store(const T* values, int row, int width, T* rows) {
  UNROLL for (int i = 0; i < width; i++) rows[row * (long long)width + i] = values[i];
}

template<class T>
__device__ __forceinline__ void step_row(int n, T* qpos, T* qvel, T* act, const T* ctrl, T* force, T* torque, T* marks) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= n) return;
  T q[NV], v[NV], a[ATLEAST1(NA)], c[NU], m[9];
  Evaluation<T> last;
  load(qpos, row, NV, q), load(qvel, row, NV, v), load(act, row, NA, a), load(ctrl, row, NU, c);
  control_step(q, v, a, c, last);
  landmarks(q, m);
  store(q, row, NV, qpos), store(v, row, NV, qvel), store(a, row, NA, act);
  store(last.force, row, NU, force), store(last.torque, row, NV, torque), store(m, row, 9, marks);
}

// Put the chosen arms into a state; what there is of controls and forces is forgotten.
template<class T>
__device__ __forceinline__ void reset_row(int n, const unsigned char* chosen, const T* new_qpos, const T* new_qvel, const T* new_act,
                                          T* qpos, T* qvel, T* act, T* ctrl, T* force, T* torque, T* marks) {
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= n || !chosen[row]) return;
  T q[NV], v[NV], a[ATLEAST1(NA)], none[NV + NU], m[9];
  UNROLL for (int i = 0; i < NV + NU; i++) none[i] = T(0.0);
  load(new_qpos, row, NV, q), load(new_qvel, row, NV, v), load(new_act, row, NA, a);
  landmarks(q, m);
  store(q, row, NV, qpos), store(v, row, NV, qvel), store(a, row, NA, act), store(none, row, NU, ctrl);
  store(none, row, NU, force), store(none, row, NV, torque), store(m, row, 9, marks);
}

}  // namespace arm

#define ENTRIES(Real, SUFFIX)                                                                                     \
  extern "C" __global__ void step_##SUFFIX(int n, Real* qpos, Real* qvel, Real* act, const Real* ctrl,            \
                                           Real* force, Real* torque, Real* marks) {                              \
    arm::step_row<Real>(n, qpos, qvel, act, ctrl, force, torque, marks);                                          \
  }                                                                                                               \
  extern "C" __global__ void reset_##SUFFIX(int n, const unsigned char* chosen, const Real* new_qpos,              \
                                            const Real* new_qvel, const Real* new_act, Real* qpos, Real* qvel,    \
                                            Real* act, Real* ctrl, Real* force, Real* torque, Real* marks) {      \
    arm::reset_row<Real>(n, chosen, new_qpos, new_qvel, new_act, qpos, qvel, act, ctrl, force, torque, marks);    \
  }
ENTRIES(double, f64)
ENTRIES(float, f32)
