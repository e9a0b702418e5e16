-- name: answers
select true as answers;
