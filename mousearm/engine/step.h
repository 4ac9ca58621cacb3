// A control step: the same controls held for all its substeps.
namespace arm {

template<class T> INLINE void control_step(T* q, T* v, T* act, const T* ctrl, Evaluation<T>& last) {
  ROLLED for (int i = 0; i < SUBSTEPS; i++) substep(q, v, act, ctrl, last);
}

}  // namespace arm
