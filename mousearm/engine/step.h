// A control step: the same controls held for all its substeps.
namespace arm {

template<class T> INLINE void control_step(T* q, T* v, T* act, const T* ctrl, Evaluation<T>& last) {
  Excess<T> excess;
  UNROLL for (int i = 0; i < NV; i++) excess.q[i] = excess.v[i] = T(0.0);
  ROLLED for (int i = 0; i < SUBSTEPS; i++) substep(q, v, act, ctrl, last, excess);
}

}  // namespace arm
