/*
 * stack_hot.h - the pool of hot stacks, inline: each turn of a handler or a new task takes one.
 * Tests: tests/runtime/test_stack.c
 */
#ifndef CYI_STACK_HOT_H
#define CYI_STACK_HOT_H

#include "sanitizer.h"

/* The list is not empty. */
static inline struct cyi_stack *
cyi_stack_take_hot(struct cyi_stacks *stacks, struct cyi_stack_list *list)
{
    struct cyi_stack *stack = list->first;
    list->first = stack->next;
    if (list->first == NULL)
        list->last = NULL;
    else
        list->first->prev = NULL;
    if (--stacks->pooled < stacks->spare)
        stacks->spare = stacks->pooled;
    cyi_fiber_unpoison(stack->base, cyi_stack_room(stack));
    return stack;
}

/* As cyi_stack_give(). */
static inline void
cyi_stack_give_hot(struct cyi_stacks *stacks, struct cyi_stack *stack)
{
    struct cyi_stack_list *list = &stacks->hot[stack->class - CYI_STACK_CLASS_MIN];
    stack->prev = NULL;
    stack->next = list->first;
    if (list->first != NULL)
        list->first->prev = stack;
    else
        list->last = stack;
    list->first = stack;
    stacks->pooled++;
}

#endif
